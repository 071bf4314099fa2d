# A stand-in for OpenWrt's procd.sh: a service is a folder of /var/procd, an instance one in it, each
# parameter a file with one word a line. /sbin/procd looks after the instances.

procd_open_service() { _service=/var/procd/$1 _name=$1; rm -rf "$_service.new"; mkdir -p "$_service.new"; }
procd_open_instance() { _instance=$_service.new/$1; mkdir -p "$_instance"; }
procd_set_param() { _type=$1; shift; printf '%s\n' "$@" >"$_instance/$_type"; }
procd_close_instance() { :; }
procd_open_data() { :; }
procd_close_data() { :; }
json_add_array() { [ "$1" != firewall ] || : >"$_instance/firewall"; }
json_close_array() { :; }
json_add_object() { :; }
json_close_object() { echo >>"$_instance/firewall"; }
json_add_string() { printf '%s=%s ' "$1" "$2" >>"$_instance/firewall"; }
procd_set_config_changed() { echo "config.change $1" >>/var/procd/events; }

procd_add_reload_trigger() { echo "config.change $1" >>"$_service.new/triggers"; }
procd_add_reload_interface_trigger() { echo "interface $1" >>"$_service.new/triggers"; }

# As procd's `set`: what is new is started, what is gone stopped, what differs started again, the rest left alone.
procd_close_service() {
  service_triggers
  mkdir -p "$_service"
  for _new in "$_service.new"/*/; do
    [ -d "$_new" ] || continue
    _old=$_service/$(basename "$_new")
    if [ -d "$_old" ]; then
      _same=1
      for _param in command respawn watchdog; do
        [ "$(cat "$_new/$_param" 2>/dev/null)" = "$(cat "$_old/$_param" 2>/dev/null)" ] || _same=''
      done
      [ -z "$_same" ] || { cp "$_new"/* "$_old/"; continue; }
      procd_end "$_old"
    fi
    cp -r "$_new" "$_old"
    setsid /sbin/procd "$_old" </dev/null >/dev/null 2>&1 &
  done
  for _old in "$_service"/*/; do
    [ ! -d "$_old" ] || [ -d "$_service.new/$(basename "$_old")" ] || procd_end "$_old"
  done
  cp "$_service.new/triggers" "$_service/triggers" 2>/dev/null
  rm -rf "$_service.new"
}

# As procd, which does not wait either: SIGTERM, and SIGKILL after term_timeout; then it is gone.
procd_end() {
  mv "${1%/}" "${1%/}.ending$$"
  echo "${1%/}.ending$$" >"${1%/}.ending$$/halt"
}
procd_kill() {
  for _old in "/var/procd/$1"/*/; do [ ! -d "$_old" ] || procd_end "$_old"; done
}
procd_running() { kill -0 "$(cat "/var/procd/$1/$2/pid" 2>/dev/null)" 2>/dev/null; }
procd_send_signal() { kill "-${3:-1}" "$(cat "/var/procd/$1/$2/pid")"; }
