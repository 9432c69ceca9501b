require "sinatra"

get "/" do
  "Hello from Ruby\n"
end
