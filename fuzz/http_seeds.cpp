// Writes the seeds of http_differential_fuzz: whole requests of every framing, pipelined ones, and near misses.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

int main(int count, char** arguments) {
    if (count != 2) {
        std::cerr << "usage: http_seeds FOLDER\n";
        return 1;
    }
    const std::filesystem::path folder = arguments[1];
    std::filesystem::create_directories(folder);
    const std::string post = "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\n";
    const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";
    const std::string get = "GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n";
    const std::vector<std::string> seeds = {
        get,
        get + get + get,
        "\r\n" + get,
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + get,
        post + "Content-Length: 5\r\n\r\nhello" + get,
        post + "content-length: 0\r\n\r\n" + get,
        post + "Content-Length: 5\r\nConnection: close\r\n\r\nhello" + get,
        post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        post + "Content-Length: 5, 5\r\n\r\nhello",
        post + "Content-Length: 0x5\r\n\r\nhello",
        post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        chunked + "5\r\nhello\r\n0\r\n\r\n" + get,
        chunked + "5;a=b\r\nhello\r\nA;q=\"x\"\r\n0123456789\r\n000\r\nTrailer: x\r\n\r\n" + get,
        chunked + "ffffffffffffffff\r\n",
        post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        post + "Expect: 100-continue\r\nContent-Length: 1\r\n\r\n{",
        post + "Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n\r\n{" + get,
        post +
            "X-Scale-Arm: candidate\r\nAuthorization: Bearer k\r\nConnection: x-session-id\r\nContent-Length: "
            "2\r\n\r\n{}",
        "GET / HTTP/1.1\nHost: a\n\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX:\r\nY: \t z \t\r\n\r\n",
        "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    };
    for (std::size_t i = 0; i < seeds.size(); ++i)
        std::ofstream(folder / ("request-" + std::to_string(i)), std::ios::binary) << '\x06' << seeds[i];
}
