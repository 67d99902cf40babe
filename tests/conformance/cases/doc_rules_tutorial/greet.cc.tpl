// Greets {NAME}.
int main() { return 0; }
