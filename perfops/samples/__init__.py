"""records → snapshots → samples: one path for files, uploads and streams."""
