################################################################################
#
# twinbeat
#
################################################################################

# The commit that is checked out where this br2-external tree lies.
TWINBEAT_TREE = $(realpath $(BR2_EXTERNAL_TWINBEAT_PATH)/../..)
TWINBEAT_VERSION := $(shell git -C $(TWINBEAT_TREE) rev-parse HEAD)
TWINBEAT_SITE = file://$(TWINBEAT_TREE)
TWINBEAT_SITE_METHOD = git
TWINBEAT_LICENSE = MIT or Apache-2.0
TWINBEAT_LICENSE_FILES = LICENSE
BR_NO_CHECK_HASH_FOR += $(TWINBEAT_SOURCE)

TWINBEAT_PROFILE = $(if $(BR2_ENABLE_DEBUG),debug,release)
# heartbeat's names for it.
TWINBEAT_COMMANDS = cl_status hb_standby hb_takeover heartbeat

TWINBEAT_CONFIG = $(call qstrip,$(BR2_PACKAGE_TWINBEAT_CONFIG))
ifneq ($(TWINBEAT_CONFIG),)
TWINBEAT_CONFIG_FILES = $(wildcard \
	$(addprefix $(TWINBEAT_CONFIG)/,ha.cf haresources twinbeat.cf))
TWINBEAT_CONFIG_SCRIPTS = $(wildcard $(TWINBEAT_CONFIG)/resource.d/*)

define TWINBEAT_INSTALL_CONFIG
	if grep -q replace-me $(TWINBEAT_CONFIG)/authkeys; then \
		echo "twinbeat: put a key of your own into $(TWINBEAT_CONFIG)/authkeys"; \
		exit 1; \
	fi
	$(INSTALL) -d -m 0755 $(TARGET_DIR)/etc/ha.d/resource.d
	$(INSTALL) -m 0644 $(TWINBEAT_CONFIG_FILES) $(TARGET_DIR)/etc/ha.d
	$(INSTALL) -m 0600 $(TWINBEAT_CONFIG)/authkeys $(TARGET_DIR)/etc/ha.d
	$(if $(TWINBEAT_CONFIG_SCRIPTS), \
		$(INSTALL) -m 0755 $(TWINBEAT_CONFIG_SCRIPTS) \
			$(TARGET_DIR)/etc/ha.d/resource.d)
endef
endif

define TWINBEAT_INSTALL_TARGET_CMDS
	$(INSTALL) -D -m 0755 \
		$(@D)/target/$(RUSTC_TARGET_NAME)/$(TWINBEAT_PROFILE)/twinbeat \
		$(TARGET_DIR)/usr/sbin/twinbeat
	$(foreach command,$(TWINBEAT_COMMANDS), \
		ln -sf twinbeat $(TARGET_DIR)/usr/sbin/$(command)$(sep))
	$(TWINBEAT_INSTALL_CONFIG)
endef

define TWINBEAT_INSTALL_INIT_SYSV
	$(INSTALL) -D -m 0755 $(TWINBEAT_PKGDIR)/S60twinbeat \
		$(TARGET_DIR)/etc/init.d/S60twinbeat
endef

define TWINBEAT_INSTALL_INIT_SYSTEMD
	$(INSTALL) -D -m 0644 $(@D)/boards/debian/twinbeat.service \
		$(TARGET_DIR)/usr/lib/systemd/system/twinbeat.service
endef

# twinbeat refuses keys that others may read, also those of an overlay.
define TWINBEAT_PERMISSIONS
	/etc/ha.d/authkeys F 600 root root - - - - -
endef

$(eval $(cargo-package))
