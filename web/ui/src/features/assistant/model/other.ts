/** What the other side of a held conversation does: it types, and how far it has got and read the log. */
export interface Other {
  typing: boolean;
  name?: string;
  delivered: number;
  seen: number;
}

export const noOne: Other = { typing: false, delivered: 0, seen: 0 };

/** Who goes on typing says so again within this time, in ms. */
export const typingEvery = 3000;
/** How long it shows, in ms: a little longer, for the network. */
export const shownFor = 5000;
