using System.Net;
using System.Text.Json;

namespace Caur.Tests.Edge;

/// <summary>An error as it has to look, whoever answers it.</summary>
internal static class ProblemAnswer
{
    /// <summary>Checks that an answer is a whole problem and says nothing of the program's inside.</summary>
    /// <returns>Its detail.</returns>
    public static async Task<string> ShouldBeProblemAsync(this HttpResponseMessage answer, int status)
    {
        var text = await answer.Content.ReadAsStringAsync();
        ((int)answer.StatusCode).ShouldBe(status, text);
        answer.Content.Headers.ContentType?.MediaType.ShouldBe("application/problem+json", text);
        return Check(text, status, answer.Headers.GetValues("X-Request-Id").Single());
    }

    public static string Check(string text, int status, string? requestId)
    {
        using var problem = JsonDocument.Parse(text);
        var root = problem.RootElement;
        root.GetProperty("type").GetString().ShouldStartWith("urn:caur:");
        root.GetProperty("title").GetString().ShouldNotBeNullOrWhiteSpace();
        root.GetProperty("status").GetInt32().ShouldBe(status);
        root.GetProperty("instance").GetString().ShouldStartWith("/");
        root.GetProperty("request_id").GetString().ShouldBe(requestId);
        foreach (var inside in new[] { "   at ", "System.", "Microsoft.", "Caur.Api", "Exception", ".cs:line", "Orleans" })
        {
            text.ShouldNotContain(inside);
        }

        return root.GetProperty("detail").GetString().ShouldNotBeNull().ShouldNotBeWhiteSpace();
    }

    private static string ShouldNotBeWhiteSpace(this string text)
    {
        text.ShouldNotBeNullOrWhiteSpace();
        return text;
    }

    public static bool IsClientError(this HttpStatusCode status) => (int)status is >= 400 and < 500;
}
