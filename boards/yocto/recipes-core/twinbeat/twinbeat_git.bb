# nooelint: oelint.var.mandatoryvar.HOMEPAGE - the source is where this layer is
SUMMARY = "Keeps a service alive on two small boxes"
DESCRIPTION = "Linux-HA heartbeat v1, made new in Rust: the same ha.cf, haresources and authkeys. \
               Heartbeats over Ethernet and a serial null-modem, leased addresses, a hardware watchdog."
SECTION = "net"
LICENSE = "MIT | Apache-2.0"
LIC_FILES_CHKSUM = "file://LICENSE;md5=78945acec4a3fc2d81df825200e64ac7"

# The tree that this layer lies in, and what is committed there.
TWINBEAT_TREE ?= "${@os.path.realpath('${THISDIR}/../../../..')}"
TWINBEAT_BRANCH ?= "main"

PV = "0.1.0+git"
SRC_URI = "git://${TWINBEAT_TREE};protocol=file;branch=${TWINBEAT_BRANCH}"
# nooelint: oelint.vars.autorev - a commit cannot name itself
SRCREV = "${AUTOREV}"

CVE_PRODUCT = "twinbeat"

# Made by `bitbake -c update_crates twinbeat`, which has to read this recipe before the list is there.
# nooelint: oelint.file.requireinclude - `require` would refuse to
include twinbeat-crates.inc

inherit cargo cargo-update-recipe-crates systemd update-rc.d

# Cargo.toml strips; here the symbols go into their own package.
export CARGO_PROFILE_RELEASE_STRIP = "false"

SYSTEMD_SERVICE:${PN} = "twinbeat.service"
INITSCRIPT_NAME = "twinbeat"
INITSCRIPT_PARAMS = "defaults 60 40"

do_install() {
    install -D -m 0755 ${B}/target/${CARGO_TARGET_SUBDIR}/twinbeat ${D}${sbindir}/twinbeat
    for command in cl_status hb_standby hb_takeover heartbeat; do
        ln -s twinbeat ${D}${sbindir}/$command
    done

    if ${@bb.utils.contains('DISTRO_FEATURES', 'systemd', 'true', 'false', d)}; then
        install -D -m 0644 ${S}/boards/debian/twinbeat.service ${D}${systemd_system_unitdir}/twinbeat.service
    fi
    if ${@bb.utils.contains('DISTRO_FEATURES', 'sysvinit', 'true', 'false', d)}; then
        install -D -m 0755 ${S}/boards/buildroot/package/twinbeat/S60twinbeat ${D}${sysconfdir}/init.d/twinbeat
    fi

    # What a .bbappend adds to SRC_URI.
    install -d ${D}${sysconfdir}/ha.d
    for file in ha.cf haresources twinbeat.cf; do
        if [ -e ${UNPACKDIR}/$file ]; then
            install -m 0644 ${UNPACKDIR}/$file ${D}${sysconfdir}/ha.d/$file
        fi
    done
    if [ -e ${UNPACKDIR}/authkeys ]; then
        if grep -q replace-me ${UNPACKDIR}/authkeys; then
            bbfatal "put a key of your own into authkeys"
        fi
        install -m 0600 ${UNPACKDIR}/authkeys ${D}${sysconfdir}/ha.d/authkeys
    fi
}

CONFFILES:${PN} = "\
    ${sysconfdir}/ha.d/authkeys \
    ${sysconfdir}/ha.d/ha.cf \
    ${sysconfdir}/ha.d/haresources \
    ${sysconfdir}/ha.d/twinbeat.cf \
"
