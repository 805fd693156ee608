import { text } from "@/i18n";
import { toast } from "@/ui/toast";
import type { ImageAttachment } from "../conversation/types";

const TYPES = ["image/jpeg", "image/png", "image/gif", "image/webp"] as const;
const MOST = 5 * 1024 * 1024;

/** Reads the images among `files`; tells about those that are too big. */
export async function readImages(files: Iterable<File>): Promise<ImageAttachment[]> {
  const images: ImageAttachment[] = [];
  for (const file of files) {
    const type = TYPES.find((one) => one === file.type);
    if (!type) continue;
    if (file.size > MOST) toast.info(text.threads.imageTooBig);
    else images.push({ type: "image", source: { type: "base64", media_type: type, data: await base64(file) } });
  }
  return images;
}

function base64(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).slice(String(reader.result).indexOf(",") + 1));
    reader.onerror = () => reject(reader.error ?? new Error(file.name));
    reader.readAsDataURL(file);
  });
}
