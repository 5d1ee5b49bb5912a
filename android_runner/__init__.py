"""The benchmark tool and the devices it runs on; knows no plan and no report."""
