import { useWords } from "../../lib/i18n";

// Loads with the panel, not with the app.

const en = {
  label: "Talk to a person",
  queued: "A person will answer here",
  by: (at: string) => `by ${at}`,
  late: "A person will answer here as soon as possible. We are sorry that it takes longer.",
  claimed: (name: string) => `${name} answers here now. The assistant is silent.`,
  waiting: (name: string) => `${name} waits for your answer.`,
  somebody: "A person",
  typing: (name: string) => `${name} is writing…`,
  delivered: "Delivered",
  seen: "Seen",
  resolved: "This was resolved. The assistant is back.",
  cancelled: "You no longer wait for a person. The assistant is back.",
  support: "Live support",
  cancel: "Cancel request",
  close: "Hide",
  failed: "That did not work. Try again.",
  moved: {
    claim: (name: string) => `${name} took over`,
    waiting: (name: string) => `${name} waits for your answer`,
    reassign: () => "Passed on to somebody else",
    resolve: () => "Resolved. The assistant is back",
    reopen: () => "Reopened. A person will answer here",
    cancel: () => "Cancelled. The assistant is back",
  } as Record<string, ((name: string) => string) | undefined>,
};

const vi: typeof en = {
  label: "Nói chuyện với người",
  queued: "Sẽ có người trả lời bạn ở đây",
  by: (at) => `trước ${at}`,
  late: "Sẽ có người trả lời bạn sớm nhất có thể. Xin lỗi vì phải chờ lâu hơn dự kiến.",
  claimed: (name) => `${name} đang trả lời bạn. Trợ lý im lặng.`,
  waiting: (name) => `${name} đang chờ bạn trả lời.`,
  somebody: "Nhân viên hỗ trợ",
  typing: (name) => `${name} đang viết…`,
  delivered: "Đã gửi tới",
  seen: "Đã xem",
  resolved: "Đã giải quyết. Trợ lý đã trở lại.",
  cancelled: "Bạn không còn chờ người hỗ trợ. Trợ lý đã trở lại.",
  support: "Hỗ trợ trực tuyến",
  cancel: "Hủy yêu cầu",
  close: "Ẩn",
  failed: "Không thực hiện được. Hãy thử lại.",
  moved: {
    claim: (name) => `${name} đã tiếp nhận`,
    waiting: (name) => `${name} đang chờ bạn trả lời`,
    reassign: () => "Đã chuyển cho người khác",
    resolve: () => "Đã giải quyết. Trợ lý đã trở lại",
    reopen: () => "Đã mở lại. Sẽ có người trả lời ở đây",
    cancel: () => "Đã hủy. Trợ lý đã trở lại",
  },
};

export function useHandoffText(): typeof en {
  const { locale } = useWords();
  return locale === "vi" ? vi : en;
}
