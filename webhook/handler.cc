#include "webhook/handler.h"

#include "webhook/json_text.h"

namespace remora::webhook {

void Response::Clear() {
  status = 200;
  content_type = kJsonType;
  allow = {};
  body.clear();
  refusal.clear();
  wait = nullptr;
}

void Refuse(Response& response, int status, std::string_view sentence) {
  response.status = status;
  response.content_type = kJsonType;
  response.refusal.assign(sentence);
  response.body.assign(R"({"error":)");
  AppendJsonString(sentence, response.body);
  response.body.append("}\n");
}

}  // namespace remora::webhook
