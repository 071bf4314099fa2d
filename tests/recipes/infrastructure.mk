# What twinbeat.mk needs of Buildroot, in its words: a stand-in that fetches the package as the git helper does
# and runs its install commands. It builds nothing: the program comes from BINARY.
#   make -f infrastructure.mk BR2_EXTERNAL_TWINBEAT_PATH=… O=… BINARY=… install
INSTALL = /usr/bin/install
TARGET_DIR = $(O)/target
RUSTC_TARGET_NAME = stand-in-linux-musl
qstrip = $(strip $(subst ",,$(1)))
define sep


endef

define cargo-package
TWINBEAT_SOURCE = twinbeat-$$(TWINBEAT_VERSION)-git4.tar.gz
TWINBEAT_PKGDIR = $$(BR2_EXTERNAL_TWINBEAT_PATH)/package/twinbeat
endef

include $(BR2_EXTERNAL_TWINBEAT_PATH)/external.mk

# The variables a recipe of the package sees are those of its build directory.
install: @D = $(O)/build
install:
	rm -rf $(O)/build $(TARGET_DIR)
	git -c init.defaultBranch=none init -q $(O)/build
	git -C $(O)/build fetch -q --update-shallow $(TWINBEAT_SITE) $(TWINBEAT_VERSION)
	git -C $(O)/build checkout -q FETCH_HEAD
	test -f $(O)/build/$(TWINBEAT_LICENSE_FILES)
	install -D $(BINARY) $(O)/build/target/$(RUSTC_TARGET_NAME)/$(TWINBEAT_PROFILE)/twinbeat
	$(TWINBEAT_INSTALL_TARGET_CMDS)
	$(TWINBEAT_INSTALL_INIT_SYSV)

# After install.
unit: @D = $(O)/build
unit:
	$(TWINBEAT_INSTALL_INIT_SYSTEMD)

show:
	@echo "$(TWINBEAT_SITE_METHOD) $(TWINBEAT_SITE) $(TWINBEAT_VERSION)"
	@echo "$(BR_NO_CHECK_HASH_FOR)"
	@echo "$(strip $(TWINBEAT_PERMISSIONS))"
