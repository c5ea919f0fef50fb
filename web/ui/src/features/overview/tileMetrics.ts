/** The tiles, in their order. */
export const tileMetrics = ["commission", "volume", "traders", "newReferrals"] as const;
