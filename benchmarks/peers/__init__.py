"""What else answers the same requests: written as its authors would, with the service's own models and encoder."""
