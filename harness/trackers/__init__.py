"""Optional trackers: a training's curve, and a record's figures and pictures, in the tool that a user looks at."""
