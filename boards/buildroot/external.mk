include $(sort $(wildcard $(BR2_EXTERNAL_TWINBEAT_PATH)/package/*/*.mk))
