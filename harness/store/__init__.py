"""Results on the disk: whole or not there, named by their causes, checked before they are believed."""
