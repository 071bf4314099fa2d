# A stand-in for OpenWrt's functions.sh: what scripts see of uci, read from /etc/config. A section without a
# name is cfgN. A value is in config_SECTION_OPTION, the values of a list are one line each.

config_load() {
  _sections='' _number=0 _section=''
  for _var in $(set | sed -n 's/^\(config__[a-z0-9_A-Z]*\)=.*/\1/p'); do unset "$_var"; done
  [ -e "/etc/config/$1" ] || return 1
  while read -r _line; do
    case $_line in '' | '#'*) continue ;; esac
    eval "set -- $_line"
    case $1 in
      config)
        _number=$((_number + 1)) _section=${3:-cfg$_number}
        _sections="$_sections $_section"
        eval "config__${_section}__TYPE=\$2"
        ;;
      option) eval "config__${_section}_$2=\$3" ;;
      list)
        eval "config__${_section}_$2=\"\${config__${_section}_$2:+\$config__${_section}_$2
}\$3\""
        ;;
      *) echo "uci: Parse error: $_line" >&2; return 1 ;;
    esac
  done <"/etc/config/$1"
}

# Lists are joined by blanks.
config_get() {
  eval "_value=\${config__${2}_$3:-}"
  _value=$(printf '%s' "${_value:-${4-}}" | tr '\n' ' ')
  eval "$1=\$_value"
}

config_get_bool() {
  config_get "$@"
  eval "_value=\$$1"
  case $_value in 1 | on | true | yes | enabled) eval "$1=1" ;; *) eval "$1=0" ;; esac
}

# FUNCTION TYPE [ARGUMENT]...
config_foreach() {
  local function="$1" type="$2" section actual
  shift 2
  for section in $_sections; do
    eval "actual=\$config__${section}__TYPE"
    [ "$actual" != "$type" ] || "$function" "$section" "$@"
  done
}

# SECTION OPTION FUNCTION [ARGUMENT]...
config_list_foreach() {
  local values function="$3" rest value
  eval "values=\${config__${1}_$2:-}"
  shift 3
  while [ -n "$values" ]; do
    value=${values%%
*}
    rest=${values#"$value"}
    values=${rest#
}
    "$function" "$value" "$@"
  done
}
