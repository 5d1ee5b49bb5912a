"""The lab: phones that exist only here, with a real adb server and a real adbd. See README.md."""
