package store

import (
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// What the package's other writers call inside their transactions, for the tests.
var (
	Notify = notify
	Emit   = emit

	TicketPage = ticketPage
)

// StructureLock is what batches of trades hold shared.
const StructureLock = structureLock

// ForgeRefereeCursor writes a cursor of referees that says whatever it is told, as anybody can who reads this code.
func ForgeRefereeCursor(c domain.Caller, q referral.RefereeQuery, zone *time.Location, numbers [8]int64) string {
	var forged refereeCursor
	for i, n := range forged.numbers() {
		*n = numbers[i]
	}
	return forged.format(queryDigest(c, q, zone))
}
