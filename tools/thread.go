package tools

import "context"

type threadKey struct{}

// InThread says in which conversation the tools are called that run in the context.
func InThread(ctx context.Context, thread string) context.Context {
	return context.WithValue(ctx, threadKey{}, thread)
}

// Thread is the id of that conversation; "" for a call outside of any, as from the command line. Whether the caller has
// it is for the store to check.
func Thread(ctx context.Context) string {
	id, _ := ctx.Value(threadKey{}).(string)
	return id
}
