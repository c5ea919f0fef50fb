package offline

func periodName(arg string) string                            { return arg }
func (p *Planner) render(calls []call, frames []Frame) string { return "" }
