"""Speed of the service beside other services, over HTTP and in process."""
