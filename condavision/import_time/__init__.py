"""What runs when packages are imported: followed from file to file, without running anything."""
