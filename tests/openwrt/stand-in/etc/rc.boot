#!/bin/sh
# A stand-in for procd at a boot: it has the watchdog, and starts what is enabled.
export PATH=/usr/sbin:/sbin:/bin
procd-watchdog </dev/null >/var/log/dog 2>&1 &
for script in /etc/rc.d/S*; do
  sh /etc/rc.common "/etc/init.d/${script##*/S??}" boot </dev/null >/var/log/boot 2>&1
done
