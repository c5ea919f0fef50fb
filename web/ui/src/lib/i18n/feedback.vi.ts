import type { feedback as en } from "./feedback.en";

export const feedback: typeof en = {
  group: "Câu trả lời này có tốt không?",
  up: "Câu trả lời tốt",
  down: "Câu trả lời chưa tốt",
  title: "Điều gì chưa đúng?",
  reasons: {
    wrong_figure: "Có số liệu sai",
    misunderstood: "Hiểu sai ý tôi",
    not_answered: "Chưa trả lời câu hỏi",
    outdated: "Thông tin đã cũ",
    unclear: "Khó hiểu",
    too_slow: "Quá chậm",
    other: "Lý do khác",
  },
  text: "Lẽ ra nên trả lời thế nào? (không bắt buộc)",
  hint: "Câu hỏi và câu trả lời được lưu kèm, để những người cải thiện trợ lý xem.",
  send: "Gửi",
  remove: "Rút lại",
  thanks: "Cảm ơn phản hồi của bạn",
  removed: "Đã rút lại phản hồi",
  failed: "Phản hồi của bạn chưa được lưu.",
};
