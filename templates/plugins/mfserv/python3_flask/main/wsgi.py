import os

from flask import Flask

app = Flask(__name__)

# The whole URL reaches the application, the plugin's prefix included.
PREFIX = "/" + os.environ["MFSERV_CURRENT_PLUGIN_NAME"]


@app.route(PREFIX + "/")
@app.route(PREFIX + "/main/")
def hello_world():
    return "Hello World !\n"
