"""The scripts that create schema `df`, in the order of their numbers; each opens with a page that explains it."""
