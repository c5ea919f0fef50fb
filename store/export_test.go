package store

// What the package's other writers call inside their transactions, for the tests.
var (
	Notify = notify
	Emit   = emit

	TicketPage = ticketPage
)

// StructureLock is what batches of trades hold shared.
const StructureLock = structureLock
