"""Pictures and pages of scripts, their locks and the packages in those."""
