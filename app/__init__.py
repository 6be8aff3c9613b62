"""The service and the command line. Never imports `training`; imports TensorFlow only with TOPICS_RUNTIME=keras."""

VERSION = "0.7.0"
