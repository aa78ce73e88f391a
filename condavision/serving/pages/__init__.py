"""The pages a person uses: rendered here, without a build step, usable without JavaScript."""
