/** The tiles, in their order. */
export const tileMetrics = ["commission", "volume", "traders", "newReferrals"] as const;

/** What the chart can be of; the first is the usual one. */
export const chartMetrics = ["commission", "volume", "eligibleVolume", "fees", "trades", "traders", "newReferrals", "verified", "deposited", "firstTraders", "deposits", "withdrawals", "netDeposits", "sharedCommission"] as const;
