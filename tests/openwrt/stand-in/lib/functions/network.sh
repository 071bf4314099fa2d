# A stand-in for OpenWrt's network.sh: the devices that netifd has up are files of /var/netifd.

network_get_device() {
  [ -s "/var/netifd/$2" ] || return 1
  read -r "$1" <"/var/netifd/$2"
}

network_get_physdev() { network_get_device "$@"; }
