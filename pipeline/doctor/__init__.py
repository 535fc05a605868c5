"""`vgg doctor`: what this machine has, what therefore works, and how to mend what does not."""
