"""The web client in headless Chromium, against a real server with the scripted agent."""
