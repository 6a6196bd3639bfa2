namespace Caur.Api.Auth;

/// <summary>On an endpoint: it is the same for everybody, as a page's text and scripts are, and public whatever else is.</summary>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Class)]
internal sealed class PageAttribute : Attribute;
