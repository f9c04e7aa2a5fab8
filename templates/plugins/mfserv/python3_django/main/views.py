from django.http import HttpResponse


def index(request):
    return HttpResponse("Hello World from django main app\n", content_type="text/plain")
