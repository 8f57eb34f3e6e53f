#include "other_http_parser.h"

#include <llhttp.h>

namespace scale::fuzz {

namespace {

struct Reading {
    ReadStream stream;
    ReadRequest current;
    std::string name;
    std::string value;
    bool in_value = false;
    bool in_body = false;
};

Reading& of(llhttp_t* parser) {
    return *static_cast<Reading*>(parser->data);
}

// llhttp leaves the white space behind a value to whoever asks.
void end_header(Reading& reading) {
    if (!reading.in_value) return;
    while (!reading.value.empty() && (reading.value.back() == ' ' || reading.value.back() == '\t'))
        reading.value.pop_back();
    if (!reading.in_body) reading.current.headers.emplace_back(reading.name, reading.value);
    reading.name.clear();
    reading.value.clear();
    reading.in_value = false;
}

int on_begin(llhttp_t* parser) {
    Reading& reading = of(parser);
    reading.current = {};
    reading.name.clear();
    reading.value.clear();
    reading.in_value = reading.in_body = false;
    return 0;
}

int on_url(llhttp_t* parser, const char* at, std::size_t length) {
    of(parser).current.target.append(at, length);
    return 0;
}

int on_field(llhttp_t* parser, const char* at, std::size_t length) {
    Reading& reading = of(parser);
    end_header(reading);
    reading.name.append(at, length);
    return 0;
}

int on_value(llhttp_t* parser, const char* at, std::size_t length) {
    Reading& reading = of(parser);
    reading.in_value = true;
    reading.value.append(at, length);
    return 0;
}

int on_value_end(llhttp_t* parser) {
    Reading& reading = of(parser);
    reading.in_value = true;  // an empty value has no bytes that would have said so
    end_header(reading);
    return 0;
}

int on_headers_end(llhttp_t* parser) {
    Reading& reading = of(parser);
    reading.current.method = llhttp_method_name(static_cast<llhttp_method_t>(llhttp_get_method(parser)));
    reading.current.minor_version = llhttp_get_http_major(parser) == 1 ? llhttp_get_http_minor(parser) : -1;
    reading.in_body = true;
    return 0;
}

int on_body(llhttp_t* parser, const char* at, std::size_t length) {
    of(parser).current.body.append(at, length);
    return 0;
}

int on_end(llhttp_t* parser) {
    Reading& reading = of(parser);
    reading.current.keep_alive = llhttp_should_keep_alive(parser) != 0;
    reading.stream.requests.push_back(reading.current);
    return reading.current.keep_alive ? 0 : HPE_PAUSED;
}

llhttp_settings_t make_settings() {
    llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    settings.on_message_begin = on_begin;
    settings.on_url = on_url;
    settings.on_header_field = on_field;
    settings.on_header_value = on_value;
    settings.on_header_value_complete = on_value_end;
    settings.on_headers_complete = on_headers_end;
    settings.on_body = on_body;
    settings.on_message_complete = on_end;
    return settings;
}

}  // namespace

ReadStream read_with_llhttp(std::string_view bytes) {
    static const llhttp_settings_t settings = make_settings();
    Reading reading;
    llhttp_t parser;
    llhttp_init(&parser, HTTP_REQUEST, &settings);
    parser.data = &reading;
    const llhttp_errno_t error = llhttp_execute(&parser, bytes.data(), bytes.size());
    if (error != HPE_OK && error != HPE_PAUSED) {
        const char* reason = llhttp_get_error_reason(&parser);
        reading.stream.refusal = std::string(llhttp_errno_name(error)) + ": " + (reason ? reason : "");
    }
    return reading.stream;
}

}  // namespace scale::fuzz
