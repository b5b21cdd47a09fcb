"""Diffusion methods: the plane, its schedules, parameterizations and samplers, and the methods built of them."""
