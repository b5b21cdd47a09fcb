"""Reading, listing, cropping and preparing pictures: what the data sets share."""
