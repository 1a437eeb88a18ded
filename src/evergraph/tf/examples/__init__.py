"""What `tensorflow.examples` gives to programs."""
