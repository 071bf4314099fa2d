PKG_BUILD_DIR:=$(ROOT).build
PKG_INSTALL_DIR:=$(ROOT).install

define BuildPackage
$(eval $(call Package/$(1)))
prepare:
	$$(Build/Prepare)
compile:
	$$(Build/Compile)
install:
	$$(call Package/$(1)/install,$$(ROOT))
	# What of conffiles is no file is kept by sysupgrade.
	for path in $$(strip $$(Package/$(1)/conffiles)); do [ -f "$$(ROOT)/$$$$path" ] || \
		{ mkdir -p "$$(ROOT)/lib/upgrade/keep.d" && echo "$$$$path" >>"$$(ROOT)/lib/upgrade/keep.d/$(1)"; }; done
facts:
	@printf '%s\n' 'version=$$(PKG_VERSION)' 'title=$$(TITLE)' 'profile=$$(CARGO_PKG_PROFILE)' 'conffiles=$$(strip $$(Package/$(1)/conffiles))'
postrm: export SCRIPT=$$(Package/$(1)/postrm)
postrm:
	@printf '%s\n' "$$$$SCRIPT"
endef
