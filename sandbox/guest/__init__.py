"""What runs inside the guest: the script that is baked into the image and the runner that is loaded before each job."""
