package private

func Greeting() string { return "Hello from Go modules" }
