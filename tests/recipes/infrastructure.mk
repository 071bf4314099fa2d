# What twinbeat.mk needs of Buildroot, in its words: a stand-in that fetches the package as its git backend does,
# vendors the crates as its cargo-post-process does, builds as pkg-cargo.mk does (offline, locked, with a CARGO_HOME
# that has nothing), for this machine and for debugging, and runs the install commands.
#   make -f infrastructure.mk BR2_EXTERNAL_TWINBEAT_PATH=... O=... TARGET_DIR=... build install unit
INSTALL = install
RUSTC_TARGET_NAME := $(shell rustc -vV | sed -n 's/^host: //p')
BR2_ENABLE_DEBUG = y
qstrip = $(strip $(subst ",,$(1)))
define sep


endef

define cargo-package
TWINBEAT_SOURCE = twinbeat-$$(TWINBEAT_VERSION)-git4.tar.gz
TWINBEAT_PKGDIR = $$(BR2_EXTERNAL_TWINBEAT_PATH)/package/twinbeat
endef

include $(BR2_EXTERNAL_TWINBEAT_PATH)/external.mk

# The variables that a recipe of the package sees are those of its build directory.
build install unit: @D = $(O)/build

build:
	rm -rf $(@D)
	git -c init.defaultBranch=none init -q $(@D)
	git -C $(@D) fetch -q --update-shallow $(TWINBEAT_SITE) $(TWINBEAT_VERSION)
	git -C $(@D) checkout -q FETCH_HEAD
	rm -rf $(@D)/.git
	test -f $(@D)/$(TWINBEAT_LICENSE_FILES)
	cd $(@D) && cargo vendor --manifest-path Cargo.toml --locked VENDOR >.cargo/config
	cd $(@D) && CARGO_HOME=$(O)/cargo-home CARGO_TARGET_DIR=$(@D)/target CARGO_BUILD_TARGET=$(RUSTC_TARGET_NAME) \
		cargo build -q --offline $(if $(BR2_ENABLE_DEBUG),,--release) --manifest-path Cargo.toml --locked

install:
	rm -rf $(TARGET_DIR)
	$(TWINBEAT_INSTALL_TARGET_CMDS)
	$(TWINBEAT_INSTALL_INIT_SYSV)

unit:
	$(TWINBEAT_INSTALL_INIT_SYSTEMD)

show:
	@echo "$(TWINBEAT_SITE_METHOD) $(TWINBEAT_SITE) $(TWINBEAT_VERSION)"
