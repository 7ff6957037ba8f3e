"""The Collider: breeds modules by evolution and learning, and scores them honestly."""
