echo source tool
