"""What the components of each Gradio release take and give: see `./scripts/components/run`."""
