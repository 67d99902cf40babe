Hello {name}, {name}{end}
