# shellcheck shell=dash disable=SC3043,SC1091,SC2154,SC2034
# /etc/config/twinbeat becomes ha.cf, haresources, authkeys and nodeinfo in /var/etc/twinbeat, and links to
# them are in /etc/ha.d: so every command finds them, and the flash is written once. Sourced by the init script.

TWINBEAT_FILES="ha.cf haresources authkeys nodeinfo"
TWINBEAT_MADE=/var/etc/twinbeat
TWINBEAT_NATIVE=/etc/ha.d

# Directives that are options of the section `main` by the same name, and those that are lists of it.
TWINBEAT_OPTIONS="cluster protocol keepalive warntime deadtime initdead deadping auto_failback udpport lease
	monitor watchdog_timeout baud rtscts"
TWINBEAT_LISTS="ping ping6 ping_group"

twinbeat_say() { logger -s -t twinbeat -p daemon.err "$*"; }

# 0: the agent is to run, and its files are there. Sets TWINBEAT_PULSE, and TWINBEAT_CHANGED: what the
# agent read may have changed.
twinbeat_translate() {
	local enabled native file

	config_load twinbeat
	config_get_bool enabled main enabled 0
	config_get_bool native main native 0
	config_get_bool TWINBEAT_PULSE main pulse 1
	TWINBEAT_CHANGED=1
	[ "$enabled" = 1 ] || return 1

	if [ "$native" = 1 ]; then
		twinbeat_unlink
		return 0
	fi
	for file in $TWINBEAT_FILES twinbeat.cf; do
		if [ -e "$TWINBEAT_NATIVE/$file" ] && [ ! -L "$TWINBEAT_NATIVE/$file" ]; then
			twinbeat_say "$TWINBEAT_NATIVE/$file is yours: set option native '1', or remove it"
			return 1
		fi
	done
	twinbeat_make
}

# Native files take the place of the links.
twinbeat_unlink() {
	local file
	for file in $TWINBEAT_FILES; do
		[ ! -L "$TWINBEAT_NATIVE/$file" ] || rm "$TWINBEAT_NATIVE/$file"
	done
}

twinbeat_make() {
	local new="$TWINBEAT_MADE.new" file

	rm -rf "$new"
	mkdir -p "$new" "$TWINBEAT_MADE" "$TWINBEAT_NATIVE" || return 1
	twinbeat_ha_cf >"$new/ha.cf"
	config_foreach twinbeat_group group >"$new/haresources"
	(umask 077 && twinbeat_authkeys >"$new/authkeys")
	twinbeat_node_info >"$new/nodeinfo"

	TWINBEAT_CHANGED=0
	for file in $TWINBEAT_FILES; do
		if [ -s "$new/$file" ]; then
			cmp -s "$new/$file" "$TWINBEAT_MADE/$file" || {
				TWINBEAT_CHANGED=1
				mv "$new/$file" "$TWINBEAT_MADE/$file"
			}
			[ -L "$TWINBEAT_NATIVE/$file" ] || ln -s "$TWINBEAT_MADE/$file" "$TWINBEAT_NATIVE/$file"
		else
			[ ! -e "$TWINBEAT_MADE/$file" ] || TWINBEAT_CHANGED=1
			rm -f "$TWINBEAT_MADE/$file" "$TWINBEAT_NATIVE/$file"
		fi
	done
	rm -rf "$new"
}

twinbeat_ha_cf() {
	local key value

	echo "# Made of /etc/config/twinbeat: edit that."
	config_get value main node
	echo "node $value"
	for key in $TWINBEAT_OPTIONS; do
		config_get value main "$key"
		[ -z "$value" ] || echo "$key $value"
	done
	config_get value main rundir /var/run/twinbeat
	echo "rundir $value"
	config_get value main statedir /etc/twinbeat
	echo "statedir $value"
	config_foreach twinbeat_link link
	for key in $TWINBEAT_LISTS; do
		config_list_foreach main "$key" twinbeat_words "$key"
	done
	config_list_foreach main track twinbeat_track
	config_get value main watchdog
	[ -z "$value" ] || echo "watchdog $value"
	config_list_foreach main directive twinbeat_words
	config_foreach twinbeat_group_options group
}

# The value comes first, then what was given to config_list_foreach.
twinbeat_words() {
	local value="$1"
	shift
	echo "${*:+$* }$value"
}

twinbeat_track() {
	local device
	twinbeat_device device "$1"
	echo "track $device"
}

# The device of an interface, also before netifd has it up: then its name in the configuration.
twinbeat_device() {
	. /lib/functions/network.sh
	local found=''
	network_get_device found "$2" || network_get_physdev found "$2" ||
		found=$(uci -q get "network.$2.device" || uci -q get "network.$2.ifname")
	# As it is, if it is no interface of /etc/config/network.
	eval "$1=\${found:-\$2}"
}

twinbeat_link() {
	local type interface device peer group port hops tty

	config_get type "$1" type bcast
	config_get interface "$1" interface
	config_get device "$1" device
	[ -n "$device" ] || [ -z "$interface" ] || twinbeat_device device "$interface"
	case $type in
	ucast | ucast6)
		config_get peer "$1" peer
		echo "$type $device $peer"
		;;
	mcast | mcast6)
		config_get group "$1" group
		config_get port "$1" port 694
		config_get hops "$1" hops 1
		echo "$type $device $group $port $hops 0"
		;;
	serial)
		config_get tty "$1" tty
		echo "serial $tty"
		;;
	# What it does not know is judged by `twinbeat check`.
	*) echo "$type $device" ;;
	esac
}

twinbeat_group() {
	local home resources
	config_get home "$1" home
	config_get resources "$1" resource
	echo "$home $resources"
}

# `list option 'monitor 10'` of a group is about its first resource.
twinbeat_group_options() {
	local resources
	config_get resources "$1" resource
	config_list_foreach "$1" option twinbeat_words group "${resources%% *}"
}

twinbeat_authkeys() {
	local auth
	config_get auth main auth 1
	echo "auth $auth"
	config_list_foreach main key twinbeat_words
}

twinbeat_node_info() {
	local name
	config_get name main name
	[ -z "$name" ] || echo "$name"
}

# COMMAND INTERFACE for each that is named.
twinbeat_each_interface() {
	config_load twinbeat
	config_foreach twinbeat_interface link "$1"
	config_list_foreach main track "$1"
}

twinbeat_interface() {
	local interface
	config_get interface "$1" interface
	[ -z "$interface" ] || "$2" "$interface"
}

# COMMAND ZONE PORT for each link by UDP.
twinbeat_each_zone() {
	local port
	config_get port main udpport 694
	config_foreach twinbeat_zone link "$1" "$port"
}

twinbeat_zone() {
	local zone port
	config_get zone "$1" interface
	config_get zone "$1" zone "$zone"
	config_get port "$1" port "$3"
	[ -z "$zone" ] || "$2" "$zone" "$port"
}
