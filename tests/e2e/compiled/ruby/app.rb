require "native"
require "socket"
server = TCPServer.new("0.0.0.0", ENV.fetch("PORT"))
loop do
  client = server.accept
  nil until client.gets.to_s.strip.empty?
  client.write "HTTP/1.0 200 OK\r\n\r\nloaded: #{loaded}"
  client.close
end
