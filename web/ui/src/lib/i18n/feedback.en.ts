import type { DownReason } from "../contract";

/** Votes on answers. */
export const feedback = {
  group: "Was this answer good?",
  up: "Good answer",
  down: "Bad answer",
  title: "What was wrong?",
  reasons: {
    wrong_figure: "A figure is wrong",
    misunderstood: "It misunderstood me",
    not_answered: "It did not answer",
    outdated: "It is out of date",
    unclear: "It is unclear",
    too_slow: "It took too long",
    other: "Something else",
  } satisfies Record<DownReason, string>,
  text: "What should it have said? (optional)",
  hint: "Your question and the answer are kept with it, for people who improve the assistant.",
  send: "Send",
  remove: "Take back",
  thanks: "Thank you for your feedback",
  removed: "Feedback taken back",
  failed: "Your feedback was not saved.",
};
